'use strict';
// Before anything is drawn, so that nothing flashes in the other colours.
try {
  const theme = localStorage.getItem('seqkit-theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* no storage: the browser's own choice holds */ }
