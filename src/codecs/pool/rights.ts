/**
 * Rights of Node's permission model, given up by the thread that calls: each thread has its own, a thread that it starts gets
 * what it has then, and none can be had back. Without `--permission` (tests, tools) there is nothing to give up.
 */
type Right = 'fs.read' | 'fs.write' | 'net' | 'child' | 'worker' | 'wasi' | 'addon' | 'inspector';

/** All but those that are named. */
export function giveUpRightsExcept(kept: readonly Right[]): void {
  const rights: readonly Right[] = ['fs.read', 'fs.write', 'net', 'child', 'worker', 'wasi', 'addon', 'inspector'];
  for (const right of rights) if (!kept.includes(right)) giveUpRight(right);
}

export function giveUpRight(right: Right): void {
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- undefined without the permission model
  process.permission?.drop(right);
}
