import type { Readable, Writable } from 'node:stream';
import type { RunConfig } from '../../images/manifest.ts';

/** The one pod that a runtime is asked to place. */
export interface PodIdentity {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
}

export interface PodPlace {
  readonly podIp: string;
  readonly hostIp: string;
  /** The pod's own folder on this machine; volumes live in `volumes/<name>` below it. */
  readonly folder: string;
}

export interface RuntimeImage {
  readonly digest: string;
  readonly run: RunConfig;
}

export interface Mount {
  /** Absolute on this machine. */
  readonly source: string;
  /** Absolute inside the container. */
  readonly path: string;
  readonly readOnly: boolean;
}

export interface StartContainer {
  readonly pod: PodIdentity;
  readonly name: string;
  /** 0, then one more for each restart: with pod and name the container's identity. */
  readonly attempt: number;
  readonly image: RuntimeImage;
  /** Replaces the image's entrypoint. */
  readonly command?: readonly string[];
  /** Replaces the image's cmd. */
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  /** It may not write to its image's files. */
  readonly readOnlyRoot?: boolean;
  /** Text of its /etc/resolv.conf, where it is to have one of its own and the runtime can give it. */
  readonly resolvConf?: string;
  /** Text of its /etc/hosts, likewise. */
  readonly hosts?: string;
  /** First container port, where there is one. */
  readonly port?: number;
}

export interface Exit {
  readonly exitCode: number;
  readonly finishedAtMs: number;
}

/** A container that was started, running or ended. */
export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly imageDigest: string;
  /** Where its output goes, as written; absent where the runtime keeps none. */
  readonly logFile?: string;
  /** Absent while it runs. */
  readonly exit?: Exit;
  /** Resolves once no process of it is left. */
  readonly ended: Promise<Exit>;
}

export interface RecoveredPod {
  readonly pod: PodIdentity;
  readonly place: PodPlace;
  /** Newest attempt last. */
  readonly containers: readonly RuntimeContainer[];
}

export interface Usage {
  /** CPU time since the start of the containers that run, seconds. */
  readonly cpuSeconds: number;
  /** Resident memory, bytes. */
  readonly memoryBytes: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Both streams, the first 10 KiB. */
  readonly output: string;
}

/** A command that runs beside a container with open streams. */
export interface OpenCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<number>;
  /** Sets the size of its terminal, where it has one. */
  resize(columns: number, rows: number): void;
  kill(): void;
}

/** Starts, stops and finds containers. Everything that it starts lives on when this process dies, and is found by `recover`. */
export interface Runtime {
  readonly name: string;
  /** Whether containers are real, so that probes and hooks mean something. */
  readonly runsPrograms: boolean;
  recover(): Promise<RecoveredPod[]>;
  /** Gives a pod its address and folder; again for a pod that it has: the same. */
  placePod(pod: PodIdentity): Promise<PodPlace>;
  /** @throws {ImageError} */
  image(reference: string): Promise<RuntimeImage>;
  /** @throws {Error} what keeps it from starting; nothing of it is left then */
  start(request: StartContainer): Promise<RuntimeContainer>;
  /** To every process of the container; nothing where it has ended. */
  signal(container: RuntimeContainer, signal: NodeJS.Signals): void;
  /** Runs a command beside a container, in its environment. Past `timeoutMs` it is killed and the exit code is 124. */
  exec(container: RuntimeContainer, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** Like {@link Runtime.exec}, with its streams open. `failed` says why it cannot start. */
  open(container: RuntimeContainer, command: readonly string[], tty: boolean): OpenCommand | { readonly failed: string };
  /** Kills what is left of a pod, frees its address and deletes its folder. */
  removePod(uid: string): Promise<void>;
  usage(container: RuntimeContainer): Usage;
  /** Memory with each shared page counted in part, bytes; dearer to ask than {@link Runtime.usage}. */
  ownMemoryBytes(container: RuntimeContainer): number;
  /** Once all pods have stopped and stay for the next start: gives back what the machine lends them meanwhile, such as their networks. */
  rest(): Promise<void>;
}
