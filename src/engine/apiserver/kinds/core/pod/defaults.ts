import type { Container, EphemeralContainer, PodSpec, Probe } from '../../../../../kubernetes/types.generated.ts';
import { formatQuantity, nanosOf, parseQuantity } from '../../../decode/quantity.ts';
import { defaultPullPolicy } from './image-reference.ts';
import { defaultPodLevelResources } from './pod-level-resources.ts';
import { defaultVolume } from './volume-defaults.ts';

type AnyContainer = Container | EphemeralContainer;

/** Fills a pod's or a pod template's spec in. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.restartPolicy ??= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ??= 'default-scheduler';
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  if (account !== undefined) spec.serviceAccountName = spec.serviceAccount = account;
  else delete spec.serviceAccount;
  if (spec.volumes !== undefined) for (const volume of spec.volumes) defaultVolume(volume);
  for (const container of spec.containers ?? []) defaultContainer(container);
  if (spec.initContainers !== undefined) for (const container of spec.initContainers) defaultContainer(container);
  if (spec.ephemeralContainers !== undefined) for (const container of spec.ephemeralContainers) defaultContainer(container);
  dropDisabled(spec);
  roundResources(spec.resources);
  if (spec.overhead !== undefined) roundList(spec.overhead);
}

/** What a pod gets beyond a template: requests from limits, service links. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec);
  for (const container of spec.containers ?? []) requestLimits(container);
  if (spec.initContainers !== undefined) for (const container of spec.initContainers) requestLimits(container);
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    shareHostPorts(spec.containers);
    shareHostPorts(spec.initContainers);
  }
}

function shareHostPorts(containers: readonly Container[] | undefined): void {
  for (const container of containers ?? []) for (const port of container.ports ?? []) {
    if (port.hostPort === undefined && port.containerPort !== 0) port.hostPort = port.containerPort;
  }
}

/** What Kubernetes 1.35 knows but leaves switched off is dropped without a word. */
function dropDisabled(spec: PodSpec): void {
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) for (const container of spec[list] ?? []) {
    if (container.lifecycle?.stopSignal === undefined) continue;
    delete container.lifecycle.stopSignal;
    if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
  }
  for (const volume of spec.volumes ?? []) for (const source of volume.projected?.sources ?? []) {
    delete source.clusterTrustBundle;
    delete source.podCertificate;
  }
  delete spec.workloadRef;
}

function requestLimits(container: Container): void {
  const limits = container.resources?.limits;
  if (limits === undefined || container.resources === undefined) return;
  const requests = (container.resources.requests ??= {});
  for (const name in limits) requests[name] ??= limits[name] as string;
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  if (container.ports !== undefined) {
    for (const port of container.ports) {
      port.protocol ??= 'TCP';
    }
  }
  if (container.env !== undefined) {
    for (const variable of container.env) {
      const source = variable.valueFrom;
      if (source === undefined) continue;
      if (source.fieldRef !== undefined) source.fieldRef.apiVersion ??= 'v1';
      if (source.fileKeyRef !== undefined) source.fileKeyRef.optional ??= false;
    }
  }
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  if (container.lifecycle !== undefined) {
    defaultHttpGet(container.lifecycle.postStart?.httpGet);
    defaultHttpGet(container.lifecycle.preStop?.httpGet);
  }
  roundResources(container.resources);
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function defaultHttpGet(action: { path?: string; scheme?: string } | undefined): void {
  if (action === undefined) return;
  action.path ??= '/';
  action.scheme ??= 'HTTP';
}

function roundResources(resources: { limits?: Record<string, string>; requests?: Record<string, string> } | undefined): void {
  if (resources === undefined) return;
  if (resources.limits !== undefined) roundList(resources.limits);
  if (resources.requests !== undefined) roundList(resources.requests);
}

const MILLI = 1_000_000n;

/** Resource amounts have no step below a thousandth. */
export function roundList(list: Record<string, string>): void {
  for (const name in list) {
    const text = list[name] as string;
    const last = text.charCodeAt(text.length - 1);
    if (last !== 0x6e && last !== 0x75 && !text.includes('e-')) continue;
    const nanos = nanosOf(text);
    const rest = ((nanos % MILLI) + MILLI) % MILLI;
    if (rest === 0n) continue;
    const up = nanos < 0n ? nanos - rest : nanos - rest + MILLI;
    list[name] = formatQuantity({ nanos: up, format: parseQuantity(text)?.format ?? 'decimal' });
  }
}

