/** The data directory cannot be used as it is: starting again changes nothing until a person has done what the message says. */
export class UnusableDataError extends Error {
  override readonly name: string = 'UnusableDataError';
}

/** A newer version wrote it. */
export class DataFormatError extends UnusableDataError {
  override readonly name = 'DataFormatError';
}

/** The store's file is torn, emptied, exchanged or gone. */
export class DataDamagedError extends UnusableDataError {
  override readonly name = 'DataDamagedError';

  constructor(dir: string, fault: string, options?: ErrorOptions) {
    super(`The store in ${dir} is damaged: ${fault}. Restore a backup into another directory with 'aweigh restore FILE --data DIR'; nothing here was changed`, options);
  }
}
