// Lists whose elements change only where their items do, so that nothing moves under the reader's hands.

/** Show an element for each of `items`: `idOf` names an item, and `make` makes its element. One that is typed in stays as it is. */
export function showList(list, items, idOf, make) {
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  const focused = document.activeElement;
  let again = null;
  const nodes = items.map((item) => {
    const [id, key] = [idOf(item), JSON.stringify(item)];
    const before = known.get(id);
    if (before && (before.key === key || (before.contains(focused) && focused.matches('input, select')))) return before;
    const node = Object.assign(make(item), { key });
    node.dataset.id = id;
    if (before?.contains(focused) && focused.name) again = () => node.querySelector(`[name="${focused.name}"]`)?.focus({ preventScroll: true });
    return node;
  });
  for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, place) => list.children[place] !== node && list.insertBefore(node, list.children[place] ?? null));
  again?.();
}
