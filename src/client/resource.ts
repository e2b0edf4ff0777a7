export * from '../kubernetes/resource.ts';
