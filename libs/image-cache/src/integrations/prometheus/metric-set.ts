import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The values of labels. */
export type Labels = Readonly<Record<string, string>>;

/** A value with its labels. */
export type Value = readonly [labels: Labels, value: number];

/** What a metric is called, and what it tells. */
export interface MetricNames {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** The metrics of one cache in a registry. Their values are read when they are asked for. */
export class MetricSet {
  readonly #registry: Registry;
  readonly #prefix: string;
  readonly #names: string[] = [];

  constructor(registry: Registry, prefix: string) {
    this.#registry = registry;
    this.#prefix = prefix;
  }

  /** What only grows while the process lives. */
  counter(names: MetricNames, read: () => Iterable<Value>): void {
    new Counter({
      ...this.#configure(names),
      collect(): void {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  /** What goes up and down. */
  gauge(names: MetricNames, read: () => Iterable<Value> | Promise<Iterable<Value>>): void {
    new Gauge({
      ...this.#configure(names),
      async collect(): Promise<void> {
        const values = await read();
        this.reset();
        for (const [labels, value] of values) this.set(labels, value);
      },
    });
  }

  /** How long things take; @param buckets their ends in seconds */
  histogram(names: MetricNames, buckets: readonly number[]): Histogram {
    return new Histogram({ ...this.#configure(names), buckets: [...buckets] });
  }

  /** Takes the metrics out of the registry. */
  remove(): void {
    for (const name of this.#names) this.#registry.removeSingleMetric(name);
  }

  #configure({ name, help, labels = [] }: MetricNames) {
    const full = `${this.#prefix}${name}`;
    this.#names.push(full);
    return { name: full, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
