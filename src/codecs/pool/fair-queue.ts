/** Waiting items of several owners: each takes its turn, however many items the others have. */
export class FairQueue<Item> {
  /** In the order of turns; an owner without items is not in it. */
  readonly #owners = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(owner: string): number {
    return this.#owners.get(owner)?.length ?? 0;
  }

  push(owner: string, item: Item): void {
    const items = this.#owners.get(owner);
    if (items === undefined) this.#owners.set(owner, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** What `take` would give. */
  peek(): Item | undefined {
    for (const items of this.#owners.values()) return items[0];
    return undefined;
  }

  take(): Item | undefined {
    for (const [owner, items] of this.#owners) {
      const item = items.shift();
      this.#owners.delete(owner);
      if (items.length > 0) this.#owners.set(owner, items); // behind the others
      this.#size -= 1;
      return item;
    }
    return undefined;
  }

  /** Takes one item out of its turn. */
  remove(owner: string, item: Item): boolean {
    const items = this.#owners.get(owner);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return false;
    items.splice(at, 1);
    if (items.length === 0) this.#owners.delete(owner);
    this.#size -= 1;
    return true;
  }
}
