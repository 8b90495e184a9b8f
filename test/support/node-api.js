// What differs between the Node-APIs of the Nodes that are tested.
const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * Whether napi_get_arraybuffer_info takes a SharedArrayBuffer, as it does from 22.21 and 24.9 on.
 * The addon leaves that to Node: it checks for what would corrupt memory, and shared memory is as
 * good as any. src/ passes a view, which all take.
 */
exports.takesSharedArrayBuffers = major === 22 ? minor >= 21 : major === 24 ? minor >= 9 : major > 24;
