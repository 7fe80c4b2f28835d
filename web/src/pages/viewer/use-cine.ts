/** Plays the stack of one view, round and round. A frame that is not there in time is passed over. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Pane } from './engine/pane.ts';

export interface Cine {
  readonly playing: Pane | undefined;
  readonly rate: number;
  readonly setRate: (rate: number) => void;
  readonly toggle: (pane: Pane) => void;
}
export const rateMax = 60;
const bounded = (rate: number): number => Math.max(1, Math.min(rateMax, Math.round(rate)));

export function useCine(): Cine {
  const [playing, setPlaying] = useState<Pane>();
  const [rate, setRate] = useState(15);
  const current = useRef<Pane | undefined>(undefined);
  current.current = playing;
  useEffect(() => {
    if (playing === undefined) return;
    const timer = setInterval(() => {
      const { frames, index } = playing.state.get();
      if (frames.length < 2 || playing.isClosed) setPlaying(undefined);
      else if (!playing.isGoing) playing.goTo((index + 1) % frames.length);
    }, 1000 / rate);
    return () => clearInterval(timer);
  }, [playing, rate]);
  return {
    playing,
    rate,
    setRate: (next) => setRate(bounded(next)),
    toggle(pane) {
      if (current.current === pane) {
        setPlaying(undefined);
        return;
      }
      const own = pane.facts?.framesPerSecond;
      if (own !== undefined) setRate(bounded(own));
      setPlaying(pane);
    },
  };
}
