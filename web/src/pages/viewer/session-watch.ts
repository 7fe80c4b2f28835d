/**
 * The end of a session closes the viewer even when nobody asks the server for anything: a while after the last request, when the
 * session must have ended by itself, and at its last moment, the server is asked once. To ask earlier would prolong it.
 */
import { read } from '../../api/client.ts';
import { sessionEnded } from '../../model/session.ts';
import type { FrameRegister } from './engine/frame-register.ts';

/** Clocks of browser and server differ by less. */
const graceMs = 30_000;
const shortestMs = 60_000;

/** Returns what ends it. */
export function watchSession(frames: FrameRegister): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    try {
      const { idleEndsAt, endsAt } = await read('session');
      frames.lastAskedMs = Date.now();
      const idleMs = Math.max(shortestMs, Date.parse(idleEndsAt) - Date.now());
      if (!isOver) wait(idleMs, Date.parse(endsAt));
    } catch {
      if (!isOver) sessionEnded();
    }
  };
  const wait = (idleMs: number, endMs: number): void => {
    const dueMs = Math.min(frames.lastAskedMs + idleMs, endMs) + graceMs;
    timer = setTimeout(
      () => {
        // Images were fetched meanwhile, and the session lives on.
        if (Date.now() < Math.min(frames.lastAskedMs + idleMs, endMs) + graceMs) wait(idleMs, endMs);
        else void look();
      },
      Math.max(1000, Math.min(dueMs - Date.now(), 2 ** 31 - 1)),
    );
  };
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
