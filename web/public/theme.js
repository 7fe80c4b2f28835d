// Before anything is drawn, so that no page flashes in the other theme. Its other half is src/model/theme.ts.
(() => {
  const theme = localStorage.getItem('leadglass-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
