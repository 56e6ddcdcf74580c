/** The embedded cluster: what the rest of the program, and tests, start it by. */
export {
  type Cluster,
  type ClusterOptions,
  createCluster,
  type Named,
  startApiServer,
} from './cluster.ts'
export { ANNOTATIONS } from './controllers/annotations.ts'
export { ListenError } from './http.ts'
export { ManifestError, parseManifest, readManifests } from './manifests.ts'
export { PersistenceError } from './persistence.ts'
export { ApiError, type Status } from './status.ts'
export type { ApiObject, Json, ObjectInput } from './types.ts'
