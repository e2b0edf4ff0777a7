import type { Container, ContainerPort, EnvFromSource, EnvVar, PodSpec, VolumeDevice, VolumeMount } from '../../../../../kubernetes/types.generated.ts';
import { configKey, environmentName } from '../../../validation/config-key.ts';
import { dnsLabel, dnsSubdomain, prefixOf } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { portName, portNumber, PROTOCOLS } from '../../../validation/port.ts';
import { localPath, withoutBacksteps } from '../../../validation/path.ts';
import { validateFieldRef, validateResourceFieldRef } from './field-reference.ts';
import { validateContainerProbes, validateLifecycle } from './validate-probe.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurityContext } from './validate-security.ts';
import type { VolumeKinds } from './validate-volume.ts';

const PULL_POLICIES = new Set(['Always', 'IfNotPresent', 'Never']);
const MESSAGE_POLICIES = new Set(['File', 'FallbackToLogsOnError']);
const RESIZE_RESOURCES = new Set(['cpu', 'memory']);
const RESIZE_POLICIES = new Set(['NotRequired', 'RestartContainer']);
const MOUNT_PROPAGATIONS = new Set(['Bidirectional', 'HostToContainer', 'None']);
const RECURSIVE_READ_ONLY = new Set(['Disabled', 'Enabled', 'IfPossible']);
const RESTART_ACTIONS = new Set(['Restart']);
const CONTAINER_RESTART_POLICIES = new Set(['Always', 'Never', 'OnFailure']);
const MAX_RESTART_RULES = 20;
const MAX_EXIT_CODES = 255;
const EXIT_CODE_OPERATORS = new Set(['In', 'NotIn']);

export function validateContainers(spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  const containers = spec.containers ?? [];
  if (containers.length === 0) {
    found.required(path, 'at least one container is needed');
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateContainer(container, spec, volumes, claims, at, found);
    if (names.has(container.name)) found.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    validateLifecycle(container.lifecycle, spec, `${at}.lifecycle`, found);
    validateContainerProbes(container, at, found);
    validateRestart(container, at, found);
  });
  validateHostPorts(containers, path, found);
}

export function validateInitContainers(spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  const names = new Set((spec.containers ?? []).map((container) => container.name));
  spec.initContainers?.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateContainer(container, spec, volumes, claims, at, found);
    if (names.has(container.name)) found.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    validateInitRestart(container, at, found);
    if (container.restartPolicy === 'Always') {
      validateLifecycle(container.lifecycle, spec, `${at}.lifecycle`, found);
      validateContainerProbes(container, at, found);
    } else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field] !== undefined) found.forbidden(`${at}.${field}`, 'an init container has this only with restartPolicy Always');
      }
    }
    validateHostPorts([container], path, found);
  });
}

const EPHEMERAL_FIELDS = new Set(['name', 'targetContainerName', 'image', 'command', 'args', 'workingDir', 'envFrom', 'env', 'volumeMounts', 'volumeDevices', 'terminationMessagePath', 'terminationMessagePolicy', 'imagePullPolicy', 'securityContext', 'stdin', 'stdinOnce', 'tty']);

/** Containers for a look inside: nothing that a pod's service rests on. */
export function validateEphemeralContainers(spec: PodSpec, volumes: VolumeKinds, path: string, found: Findings): void {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((container) => container.name));
  const names = new Set(others);
  spec.ephemeralContainers?.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateContainer(container as Container, spec, volumes, new Set(), at, found);
    if (names.has(container.name)) found.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (target !== undefined && !others.has(target)) found.notFound(`${at}.targetContainerName`, target);
    for (const field in container) {
      const value = container[field as keyof typeof container];
      const isEmpty = field === 'resources' && Object.keys(value as object).length === 0;
      if (!EPHEMERAL_FIELDS.has(field) && !isEmpty) found.forbidden(`${at}.${field}`, 'an ephemeral container has none');
    }
    container.volumeMounts?.forEach((mount, j) => {
      for (const field of ['subPath', 'subPathExpr'] as const) if (mount[field] !== undefined) found.forbidden(`${at}.volumeMounts[${j}].${field}`, 'an ephemeral container has none');
    });
  });
}

function validateHostPorts(containers: readonly Container[], path: string, found: Findings): void {
  const seen = new Set<string>();
  containers.forEach((container, i) => container.ports?.forEach((port, j) => {
    if (port.hostPort === undefined || port.hostPort === 0) return;
    const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
    if (seen.has(key)) found.duplicate(`${path}[${i}].ports[${j}].hostPort`, key);
    seen.add(key);
  }));
}

export function validateContainer(container: Container, spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  if (container.name === '') found.required(`${path}.name`);
  else found.eachInvalid(`${path}.name`, container.name, dnsLabel(container.name));
  if (container.image === undefined) found.required(`${path}.image`);
  found.requiredEnum(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES);
  found.requiredEnum(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  if (container.ports !== undefined) validatePorts(container.ports, spec, `${path}.ports`, found);
  if (container.env !== undefined) container.env.forEach((variable, i) => validateVariable(variable, `${path}.env[${i}]`, found));
  if (container.envFrom !== undefined) container.envFrom.forEach((source, i) => validateEnvFrom(source, `${path}.envFrom`, i, found));
  validateMounts(container.volumeMounts, volumes, container, `${path}.volumeMounts`, found);
  validateDevices(container.volumeDevices, container.volumeMounts, volumes, `${path}.volumeDevices`, found);
  validateResources(container.resources, `${path}.resources`, found, claims);
  validateContainerSecurityContext(container.securityContext, `${path}.securityContext`, found, spec.hostUsers);
  if (container.resizePolicy !== undefined) {
    const resized = new Set<string>();
    container.resizePolicy.forEach((policy, i) => {
      const at = `${path}.resizePolicy`;
      if (resized.has(policy.resourceName)) found.duplicate(`${at}[${i}]`, policy.resourceName);
      resized.add(policy.resourceName);
      found.requiredEnum(at, policy.resourceName, RESIZE_RESOURCES);
      found.requiredEnum(at, policy.restartPolicy, RESIZE_POLICIES);
      if (spec.restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired') found.invalid(at, policy.restartPolicy, 'must be NotRequired where the pod never restarts');
    });
  }
}

function validateInitRestart(container: Container, path: string, found: Findings): void {
  if (container.restartPolicy !== 'Always') validateRestart(container, path, found);
  else if ((container.restartPolicyRules?.length ?? 0) > 0) found.forbidden(`${path}.restartPolicyRules`, 'an init container that always restarts has none');
}

function validateRestart({ restartPolicy, restartPolicyRules: rules }: Container, path: string, found: Findings): void {
  if (restartPolicy !== undefined) found.optionalEnum(`${path}.restartPolicy`, restartPolicy, CONTAINER_RESTART_POLICIES);
  else if ((rules?.length ?? 0) > 0) found.required(`${path}.restartPolicy`, 'is needed with restartPolicyRules');
  if ((rules?.length ?? 0) > MAX_RESTART_RULES) found.tooLong(`${path}.restartPolicyRules`, `must be at most ${MAX_RESTART_RULES}`);
  rules?.forEach((rule, i) => {
    const at = `${path}.restartPolicyRules[${i}]`;
    if (!RESTART_ACTIONS.has(rule.action)) found.notSupported(`${at}.action`, rule.action, RESTART_ACTIONS);
    const codes = rule.exitCodes;
    if (codes === undefined) {
      found.required(`${at}.exitCodes`);
      return;
    }
    if (!EXIT_CODE_OPERATORS.has(codes.operator)) found.notSupported(`${at}.exitCodes.operator`, codes.operator, EXIT_CODE_OPERATORS);
    if ((codes.values?.length ?? 0) > MAX_EXIT_CODES) found.tooLong(`${at}.exitCodes.values`, `must be at most ${MAX_EXIT_CODES}`);
  });
}

function validatePorts(ports: readonly ContainerPort[], spec: PodSpec, path: string, found: Findings): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `${path}[${i}]`;
    if (port.name !== undefined) {
      const messages = portName(port.name);
      if (messages.length > 0) found.eachInvalid(`${at}.name`, port.name, messages);
      else if (names.has(port.name)) found.duplicate(`${at}.name`, port.name);
      else names.add(port.name);
    }
    if (port.containerPort === 0) found.required(`${at}.containerPort`);
    else found.eachInvalid(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort));
    if (port.hostPort !== undefined) found.eachInvalid(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort));
    found.requiredEnum(`${at}.protocol`, port.protocol, PROTOCOLS);
    // A template may leave it to the pod.
    if (spec.hostNetwork === true && port.hostPort !== undefined && port.hostPort !== port.containerPort) found.invalid(`${at}.hostPort`, port.hostPort, 'must be the containerPort with hostNetwork');
  });
}

function validateKeySelector(selector: { name?: string; key: string }, path: string, found: Findings): void {
  found.eachInvalid(`${path}.name`, selector.name ?? '', dnsSubdomain(selector.name ?? ''));
  if (selector.key === '') found.required(`${path}.key`);
  else found.eachInvalid(`${path}.key`, selector.key, configKey(selector.key));
}

function validateVariable(variable: EnvVar, path: string, found: Findings): void {
  if (variable.name === '') found.required(`${path}.name`);
  else found.eachInvalid(`${path}.name`, variable.name, environmentName(variable.name));
  const source = variable.valueFrom;
  if (source === undefined) return;
  const at = `${path}.valueFrom`;
  if (source.fieldRef !== undefined) validateFieldRef(source.fieldRef, 'env', `${at}.fieldRef`, found);
  if (source.resourceFieldRef !== undefined) validateResourceFieldRef(source.resourceFieldRef, false, `${at}.resourceFieldRef`, found);
  if (source.configMapKeyRef !== undefined) validateKeySelector(source.configMapKeyRef, `${at}.configMapKeyRef`, found);
  if (source.secretKeyRef !== undefined) validateKeySelector(source.secretKeyRef, `${at}.secretKeyRef`, found);
  if (source.fileKeyRef !== undefined) {
    const file = source.fileKeyRef;
    if (file.key === '') found.required(`${at}.fileKeyRef.key`);
    else found.eachInvalid(`${at}.fileKeyRef.key`, file.key, environmentName(file.key));
    if (file.volumeName === '') found.required(`${at}.fileKeyRef.volumeName`);
    else found.eachInvalid(`${at}.fileKeyRef.volumeName`, file.volumeName, dnsLabel(file.volumeName));
    if (file.path === '') found.required(`${at}.fileKeyRef.path`);
    else found.eachInvalid(`${at}.fileKeyRef.path`, file.path, withoutBacksteps(file.path));
  }
  const count = Object.keys(source).length;
  if (count === 0) found.invalid(at, '', 'one source must be given');
  else if (variable.value !== undefined) found.invalid(at, '', 'excludes value');
  else if (count > 1) found.invalid(at, '', 'only one source may be given');
}

function validateEnvFrom(source: EnvFromSource, list: string, index: number, found: Findings): void {
  const path = `${list}[${index}]`;
  if (source.prefix !== undefined) found.eachInvalid(`${path}.prefix`, source.prefix, environmentName(source.prefix));
  let count = 0;
  for (const field of ['configMapRef', 'secretRef'] as const) {
    const ref = source[field];
    if (ref === undefined) continue;
    count++;
    if (ref.name === undefined) found.required(`${path}.${field}.name`);
    else found.eachInvalid(`${path}.${field}.name`, ref.name, prefixOf(dnsSubdomain)(ref.name));
  }
  if (count === 0) found.invalid(list, '', 'configMapRef or secretRef must be given');
  else if (count > 1) found.invalid(list, '', 'only one of configMapRef and secretRef may be given');
}

function validateMounts(mounts: readonly VolumeMount[] | undefined, volumes: VolumeKinds, container: Container, path: string, found: Findings): void {
  const mountPaths = new Set<string>();
  const devices = container.volumeDevices;
  mounts?.forEach((mount, i) => {
    const at = `${path}[${i}]`;
    if (mount.name === '') found.required(`${at}.name`);
    if (!volumes.has(mount.name)) found.notFound(`${at}.name`, mount.name);
    if (mount.mountPath === '') found.required(`${at}.mountPath`);
    if (mountPaths.has(mount.mountPath)) found.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique in the container');
    mountPaths.add(mount.mountPath);
    if (devices?.some((device) => device.name === mount.name) === true) found.invalid(`${at}.name`, mount.name, 'is a volumeDevice too');
    if (devices?.some((device) => device.devicePath === mount.mountPath) === true) found.invalid(`${at}.mountPath`, mount.mountPath, 'is a volumeDevice too');
    // Kubernetes reports what follows for the list and not for the one mount.
    if (mount.subPath !== undefined) found.eachInvalid(`${path}.subPath`, mount.subPath, localPath(mount.subPath));
    if (mount.subPathExpr !== undefined) {
      if (mount.subPath !== undefined) found.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'excludes subPath');
      found.eachInvalid(`${path}.subPathExpr`, mount.subPathExpr, localPath(mount.subPathExpr));
    }
    if (mount.mountPropagation !== undefined) {
      found.optionalEnum(`${path}.mountPropagation`, mount.mountPropagation, MOUNT_PROPAGATIONS);
      if (mount.mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) found.forbidden(`${path}.mountPropagation`, 'Bidirectional is for privileged containers');
    }
    validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`, found);
  });
}

function validateRecursiveReadOnly({ recursiveReadOnly, readOnly, mountPropagation }: VolumeMount, path: string, found: Findings): void {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  if (!RECURSIVE_READ_ONLY.has(recursiveReadOnly)) {
    found.notSupported(path, recursiveReadOnly, RECURSIVE_READ_ONLY);
    return;
  }
  if (readOnly !== true) found.forbidden(path, 'needs readOnly');
  if (mountPropagation !== undefined && mountPropagation !== 'None') found.forbidden(path, 'needs mountPropagation None');
}

function validateDevices(devices: readonly VolumeDevice[] | undefined, mounts: readonly VolumeMount[] | undefined, volumes: VolumeKinds, path: string, found: Findings): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  devices?.forEach((device, i) => {
    const at = `${path}[${i}]`;
    if (device.name === '') found.required(`${at}.name`);
    if (names.has(device.name)) found.invalid(`${at}.name`, device.name, 'must be unique in the container');
    const kind = volumes.get(device.name);
    if (kind === undefined) found.notFound(`${at}.name`, device.name);
    else if (kind !== 'persistentVolumeClaim' && kind !== 'ephemeral') found.invalid(`${at}.name`, device.name, 'must be a persistent volume claim');
    if (device.devicePath === '') found.required(`${at}.devicePath`);
    if (paths.has(device.devicePath)) found.invalid(`${at}.devicePath`, device.devicePath, 'must be unique in the container');
    if (device.devicePath.split('/').includes('..')) found.invalid(`${at}.devicePath`, device.devicePath, "must not have '..'");
    else paths.add(device.devicePath);
    if (mounts?.some((mount) => mount.name === device.name) === true) found.invalid(`${at}.name`, device.name, 'is a volumeMount too');
    if (mounts?.some((mount) => mount.mountPath === device.devicePath) === true) found.invalid(`${at}.devicePath`, device.devicePath, 'is a volumeMount too');
    if (device.name !== '') names.add(device.name);
  });
}
