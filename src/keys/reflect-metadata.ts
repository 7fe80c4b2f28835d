/**
 * The three functions of the "metadata reflection" proposal that tsyringe, below @peculiar/x509, asks for when it is
 * loaded. The usual polyfill would be one more package; this is all that is used of it. Call before importing x509.
 */

/** Adds Reflect.defineMetadata, getMetadata and getOwnMetadata, unless somebody has. */
export function installReflectMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const byTarget = new WeakMap<object, Map<unknown, unknown>>();
  const getOwnMetadata = (key: unknown, target: object): unknown => byTarget.get(target)?.get(key);
  const getMetadata = (key: unknown, target: object): unknown => {
    for (let object: object | null = target; object !== null; object = Reflect.getPrototypeOf(object)) {
      if (byTarget.get(object)?.has(key) === true) return getOwnMetadata(key, object);
    }
    return undefined;
  };
  const defineMetadata = (key: unknown, value: unknown, target: object): void => {
    const own = byTarget.get(target) ?? new Map<unknown, unknown>();
    byTarget.set(target, own.set(key, value));
  };
  for (const [name, value] of Object.entries({ defineMetadata, getMetadata, getOwnMetadata })) {
    Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
  }
}
