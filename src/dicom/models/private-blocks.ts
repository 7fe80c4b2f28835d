/** Blocks of private elements for a document that names creators and no blocks (PS3.19 A.1.5, PS3.5 7.8.1). */
import type { DataSet } from '../data-set.ts';
import { groupOf, type Tag, tagOf } from '../tag.ts';
import type { ReadContext } from './read-context.ts';
import type { ReadAttribute } from './read-model.ts';

/** Of one data set or item. */
export class PrivateBlocks {
  readonly #context: ReadContext;
  /** By group and creator. */
  readonly #blocks = new Map<string, number>();
  /** Creators whose element has not come yet: it is made at the end, if it does not come. */
  readonly #unnamed = new Map<Tag, string>();
  readonly #taken = new Set<Tag>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /** The element of a creator came itself, and says which block is its. */
  named(tag: Tag, creator: string): void {
    const given = this.#unnamed.get(tag);
    if (given !== undefined && given !== creator) {
      throw this.#context.malformed('a private creator comes after elements of its block');
    }
    this.#unnamed.delete(tag);
    this.#taken.add(tag);
    const key = `${groupOf(tag)} ${creator}`;
    if (!this.#blocks.has(key)) this.#blocks.set(key, tag & 0xff);
  }

  /** An element came with its block and without a creator. */
  used(tag: Tag): void {
    const creator = tagOf(groupOf(tag), (tag >>> 8) & 0xff);
    if (this.#unnamed.has(creator))
      throw this.#context.malformed('a private element without a creator stands in the block of one');
    this.#taken.add(creator);
  }

  /** The block of the creator: its own, else the lowest that is free. */
  blockOf(group: number, creator: string): number {
    const name = creator.trim();
    if (name === '') throw this.#context.malformed('a private creator has no name');
    const key = `${group} ${name}`;
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    for (let block = 0x10; block <= 0xff; block += 1) {
      const tag = tagOf(group, block);
      if (this.#taken.has(tag)) continue;
      this.#taken.add(tag);
      this.#unnamed.set(tag, name);
      this.#blocks.set(key, block);
      return block;
    }
    throw this.#context.malformed('a group has more private creators than blocks');
  }

  /** Elements of the creators that did not come themselves. */
  *creators(dataSet: DataSet): Generator<ReadAttribute, void, undefined> {
    for (const [tag, creator] of this.#unnamed) {
      if (!dataSet.has(tag)) yield { tag, vr: 'LO', values: [creator] };
    }
  }
}
