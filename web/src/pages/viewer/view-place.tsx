/** One view and what is to be shown in it: the series is loaded, then handed to its pane. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DataSetJson } from '../../model/dicom-json.ts';
import type { Pane } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import type { Command } from './model/keys.ts';
import { PaneView } from './pane-view.tsx';
import type { Place, Views } from './use-views.ts';

export function ViewPlace(props: {
  readonly screen: Screen;
  readonly place: Place;
  readonly number: number;
  readonly isActive: boolean;
  readonly study: DataSetJson | undefined;
  readonly views: Views;
  readonly onActive: () => void;
  readonly onCommand: (pane: Pane, command: Command) => void;
}): JSX.Element {
  const { screen, place, views } = props;
  const { entry, stack } = place;
  const [pane, setPane] = useState<Pane>();
  const [isLoading, setLoading] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const uid = entry?.uid;
  useEffect(() => {
    if (pane === undefined) return;
    let isOld = false;
    setFailed(undefined);
    const show = async (): Promise<void> => {
      if (stack !== undefined) {
        await pane.show(stack.frames, stack.start, stack.made);
        return;
      }
      if (uid === undefined) {
        await pane.show([], 0);
        return;
      }
      setLoading(true);
      try {
        const frames = await views.load(uid);
        if (isOld) return;
        if (frames.length === 0) throw new Error('There are no images in this series');
        setLoading(false);
        await pane.show(frames, 0);
      } catch (error) {
        if (!isOld) setFailed(error);
      } finally {
        if (!isOld) setLoading(false);
      }
    };
    void show();
    return () => {
      isOld = true;
    };
  }, [pane, uid, stack, turn]);
  return (
    <PaneView
      screen={screen}
      id={place.id}
      number={props.number}
      isActive={props.isActive}
      study={props.study}
      entry={entry}
      {...(stack === undefined ? {} : { caption: stack.caption })}
      isLoading={isLoading}
      failed={failed}
      onReady={(made) => {
        setPane(made);
        views.ready(made);
      }}
      onGone={() => setPane(undefined)}
      onActive={props.onActive}
      onCommand={props.onCommand}
      onAgain={() => setTurn(turn + 1)}
    />
  );
}
