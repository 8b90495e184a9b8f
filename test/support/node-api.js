// Differences in Node-API between the versions of Node that are tested.
const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * Whether napi_get_arraybuffer_info accepts a SharedArrayBuffer, as it does since Node 22.21 and
 * 24.9. The addon leaves this to Node, because it checks only for what would corrupt memory, and
 * shared memory is no exception. src/ passes a view, which every version accepts.
 */
exports.takesSharedArrayBuffers = major === 22 ? minor >= 21 : major === 24 ? minor >= 9 : major > 24;
