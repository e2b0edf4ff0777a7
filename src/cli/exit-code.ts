/** What the exit code of every command means; `aweigh --help` prints it. */
export const EXIT = {
  ok: 0,
  /** The request could not be carried out; the message says why. */
  failed: 1,
  /** The command line is not one: unknown command, flag or value. */
  usage: 2,
  /** What was asked for is there and is not well: a release ended otherwise, health is critical, a request failed in the demo. */
  unwell: 3,
  /** Waited in vain. */
  timeout: 4,
  /** The data directory cannot be used as it is: starting again does not help. */
  unusable: 5,
  /** Ended by Ctrl-C or SIGTERM before it was done. */
  interrupted: 130,
} as const;

export const EXIT_HELP = `
Exit codes:
  0    done
  1    failed; the message says why and what to do
  2    wrong command line
  3    done, and what was asked about is not well (a release that failed, critical health)
  4    waited in vain
  5    the data directory cannot be used as it is; the message says what to do
  130  interrupted`;
