// How a system call can come out, inside the library. In: nothing. Out: error names and the other results.
// Must not know: error numbers (the ABI's), the processor.

/** An error by name. Compared by identity: there is one object a name, in `E`. */
export class Errno {
  constructor(readonly name: string) {}
}

const NAMES = [
  'EPERM', 'ENOENT', 'ESRCH', 'EINTR', 'EIO', 'ENXIO', 'E2BIG', 'ENOEXEC', 'EBADF', 'ECHILD', 'EAGAIN', 'ENOMEM',
  'EACCES', 'EFAULT', 'EBUSY', 'EEXIST', 'EXDEV', 'ENODEV', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ENFILE', 'EMFILE',
  'ENOTTY', 'ETXTBSY', 'EFBIG', 'ENOSPC', 'ESPIPE', 'EROFS', 'EMLINK', 'EPIPE', 'ERANGE', 'EDEADLK', 'ENAMETOOLONG',
  'ENOSYS', 'ENOTEMPTY', 'ELOOP', 'ENODATA', 'ENOTSOCK', 'EOPNOTSUPP', 'EOVERFLOW', 'ETIMEDOUT', 'EDQUOT',
] as const; // biome-ignore format: a table

export type ErrnoName = (typeof NAMES)[number];

/** All errors that the library itself gives. */
export const E = Object.fromEntries(NAMES.map((name) => [name, new Errno(name)])) as Record<ErrnoName, Errno>;

/** The error of that name, such as a host gives; EIO for a name that no call here documents. */
export function errnoOf(name: string | undefined): Errno {
  return E[name as ErrnoName] ?? E.EIO;
}

/**
 * The call cannot finish now. It changed nothing that a repetition would notice: the scheduler waits and makes the
 * same call again with the same arguments.
 */
export class Blocked {
  /**
   * `until`: nanoseconds of the monotonic clock; `streams`: what else may end the wait; `interrupted` is called if a
   * signal ends it, before the call gives EINTR.
   */
  constructor(
    readonly until: bigint | undefined = undefined,
    readonly streams: readonly Waitable[] = [],
    readonly interrupted?: () => void,
  ) {}
}

/** A stream and what is waited for on it. */
export interface Waitable {
  readonly ready: (events: Readiness) => Readiness;
  readonly events: Readiness;
}

/** What a file can do at once, or is asked about. */
export interface Readiness {
  readonly read?: boolean;
  readonly write?: boolean;
  /** The other end is gone. */
  readonly hangup?: boolean;
  readonly error?: boolean;
}

/** The call gives nothing back: the thread ended, or its registers were replaced (sigreturn). */
export const NO_RETURN = Symbol('no return');

/** What a system call's function gives: a number for the guest, or one of the above. */
export type Result = number | Errno | Blocked | typeof NO_RETURN;
