/** Small charts of our own: SVG at the width of their place, with the numbers as a table for whoever does not see them. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { number } from '../i18n/format.ts';
import { areaPath, linePath, scaleTop } from './chart-paths.ts';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** 1 to 3: its colour. */
  readonly tone: 1 | 2 | 3;
}

function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}

interface ChartProps {
  readonly title: string;
  /** One for each place on the x axis. */
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  readonly height?: number;
}

const edge = { left: 34, right: 4, top: 8, bottom: 22 };

function Frame(
  props: ChartProps & { readonly children: (width: number, height: number, top: number) => ComponentChildren },
): JSX.Element {
  const { title, labels, series, height = 180 } = props;
  const [place, width] = useWidth();
  const totals = labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const top = scaleTop(Math.max(...totals, 0));
  const inner = height - edge.top - edge.bottom;
  const y = (value: number): number => edge.top + inner - (value / top) * inner;
  return (
    <figure class="chart" ref={place} style={{ height: `${height}px` }}>
      {width === 0 ? null : (
        <svg width={width} height={height} aria-hidden="true" focusable="false">
          {[0, top / 2, top].map((value) => (
            <g key={value}>
              <line class="grid" x1={edge.left} x2={width - edge.right} y1={y(value)} y2={y(value)} />
              <text x={edge.left - 8} y={y(value) + 4} text-anchor="end">
                {number(value)}
              </text>
            </g>
          ))}
          {props.children(width - edge.left - edge.right, inner, top)}
          <Axis labels={labels} width={width} height={height} />
        </svg>
      )}
      <NumbersTable title={title} labels={labels} series={series} />
    </figure>
  );
}

function Axis({
  labels,
  width,
  height,
}: {
  readonly labels: readonly string[];
  readonly width: number;
  readonly height: number;
}): JSX.Element {
  const step = (width - edge.left - edge.right) / labels.length;
  const every = Math.max(1, Math.ceil(58 / step));
  return (
    <>
      {labels.map((label, index) =>
        (labels.length - 1 - index) % every === 0 ? (
          <text key={label} x={edge.left + step * (index + 0.5)} y={height - 4} text-anchor="middle">
            {label}
          </text>
        ) : null,
      )}
    </>
  );
}

function NumbersTable({ title, labels, series }: ChartProps): JSX.Element {
  return (
    <div class="hidden-visually">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <td />
            {series.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, index) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {series.map(({ name, values }) => (
                <td key={name}>{number(values[index] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Bars that stand on each other. */
export function Bars(props: ChartProps): JSX.Element {
  const { labels, series } = props;
  return (
    <Frame {...props}>
      {(width, height, top) => {
        const step = width / labels.length;
        const bar = Math.min(28, Math.max(2, step * 0.64));
        return labels.map((label, index) => {
          let base = edge.top + height;
          const x = edge.left + step * index;
          const lines = series.map(({ name, values }) => `${name}: ${number(values[index] ?? 0)}`);
          return (
            <g key={label} class="bar">
              <rect class="hit" x={x} y={edge.top} width={step} height={height} />
              {series.map(({ name, values, tone }) => {
                const length = ((values[index] ?? 0) / top) * height;
                base -= length;
                return length === 0 ? null : (
                  <rect
                    key={name}
                    class={`s${tone}`}
                    x={x + (step - bar) / 2}
                    y={base}
                    width={bar}
                    height={length}
                    rx={1.5}
                  />
                );
              })}
              <title>{[label, ...lines].join('\n')}</title>
            </g>
          );
        });
      }}
    </Frame>
  );
}

/** Areas that stand on each other. */
export function StackedArea(props: ChartProps): JSX.Element {
  const { labels, series } = props;
  return (
    <Frame {...props}>
      {(width, height, top) => {
        const step = width / Math.max(labels.length - 1, 1);
        const place = { left: edge.left, top: edge.top, step, height, max: top };
        let below = labels.map(() => 0);
        return series.map(({ name, values, tone }) => {
          const above = below.map((value, index) => value + (values[index] ?? 0));
          const path = areaPath(above, below, place);
          below = above;
          return <path key={name} class={`area${tone} solid`} d={path} />;
        });
      }}
    </Frame>
  );
}

export function Sparkline({
  values,
  label,
}: {
  readonly values: readonly number[];
  readonly label: string;
}): JSX.Element {
  const [place, width] = useWidth();
  const height = 36;
  const scale = {
    left: 1,
    top: 3,
    step: Math.max(width - 2, 1) / Math.max(values.length - 1, 1),
    height: height - 6,
    max: Math.max(...values, 1),
  };
  return (
    <div class="chart" ref={place} style={{ height: `${height}px` }}>
      {width === 0 ? null : (
        <svg width={width} height={height} role="img" aria-label={label}>
          <path
            class="area1"
            d={areaPath(
              values,
              values.map(() => 0),
              scale,
            )}
          />
          <path class="line1" d={linePath(values, scale)} />
        </svg>
      )}
    </div>
  );
}

export function Legend({ series }: { readonly series: readonly Pick<Series, 'name' | 'tone'>[] }): JSX.Element {
  return (
    <div class="legend" aria-hidden="true">
      {series.map(({ name, tone }) => (
        <span key={name}>
          <i class={`s${tone}`} />
          {name}
        </span>
      ))}
    </div>
  );
}
