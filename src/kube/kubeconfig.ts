/**
 * The one thing taken from client-node: reading kubeconfig files, credentials in a cluster, exec helpers. A file of its
 * own, so that a bundler sees that nothing else of that package is wanted; imported only when a store is opened.
 */
export { KubeConfig } from '@kubernetes/client-node'
