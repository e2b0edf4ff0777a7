/** What is measured, with the peers' recorded figures and what is wanted. */
export const PEERS = [
  { what: 'memory', argo: '128 MB', flagger: '94 MB', wanted: '110 MB at 500, 400 MB at 1,000' },
  { what: 'memory over more releases', argo: '–', flagger: '–', wanted: 'flat' },
  { what: 'memory of the API server', argo: '–', flagger: '–', wanted: '–' },
  { what: 'requests/s when idle', argo: '0.5', flagger: '109', wanted: '0.5' },
  { what: 'CPU when idle', argo: '0.13 % of a core', flagger: '12 %', wanted: '0.1 %' },
  { what: 'change → first new pod object', argo: '93 / 124 ms', flagger: '34.7 / 57.6 s', wanted: '40 / 100 ms' },
  { what: '100 changes at once → all first pods', argo: '12.8 s', flagger: '–', wanted: '5 s' },
  { what: 'abort → share 0, alone', argo: '41 / 96 ms', flagger: '–', wanted: '20 / 50 ms' },
  { what: '30 aborts at once → share 0', argo: '– / 1,864 ms', flagger: '–', wanted: '– / 200 ms' },
  { what: 'bad metric → share 0, after the bad sample', argo: '6.6 / 10.0 s, at 10 s intervals', flagger: '15.6 / 20.1 s, at 10 s intervals', wanted: '– / 300 ms' },
  { what: 'bad metric → share 0, sampled each second', argo: '–', flagger: '–', wanted: '–' },
  { what: 'restart of the controller → at work again', argo: '19 s', flagger: '–', wanted: '2 s' },
] as const;

export type Measure = (typeof PEERS)[number]['what'];
