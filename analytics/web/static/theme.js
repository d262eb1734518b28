// Theme: auto, light or dark, stored in this browser. A classic script, so that it is set before the first paint.

(() => {
  const KEY = 'analytics.theme';
  const isDark = matchMedia('(prefers-color-scheme: dark)');
  let choice = 'auto';
  try {
    choice = localStorage.getItem(KEY) ?? choice;
  } catch {
    // nothing may be stored
  }

  function show(isPrinting = false) {
    document.documentElement.classList.toggle('paper', isPrinting);
    const theme = !isPrinting && (choice === 'dark' || (choice === 'auto' && isDark.matches)) ? 'dark' : 'light';
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event('themechange')); // charts are drawn in colours, not styled
  }

  globalThis.theme = {
    choice: () => choice,
    choose(name) {
      choice = name;
      try {
        localStorage.setItem(KEY, name);
      } catch {
        // then it holds until the page is closed
      }
      show();
    },
  };
  isDark.addEventListener('change', () => show());
  addEventListener('beforeprint', () => show(true)); // ink is dark and paper is light
  addEventListener('afterprint', () => show());
  show();
})();
