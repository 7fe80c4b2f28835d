/** `--data DIR` is read by the launcher, which hands it on as LEADGLASS_DATA; no command sees it. */

/** The arguments without it. What stands behind `--` are names. */
export function withoutDataFolder(arguments_: readonly string[]): readonly string[] {
  const end = arguments_.indexOf('--');
  const options = end === -1 ? arguments_ : arguments_.slice(0, end);
  const kept: string[] = [];
  let isValue = false;
  for (const argument of options) {
    if (!isValue && argument !== '--data' && !argument.startsWith('--data=')) kept.push(argument);
    isValue = !isValue && argument === '--data';
  }
  return [...kept, ...arguments_.slice(options.length)];
}
