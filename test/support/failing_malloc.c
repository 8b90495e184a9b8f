// Makes allocations of the addon fail. Preloaded into Node, it replaces the C library's allocator
// and pthread_create. Only calls from the code of rsqrt.node are counted and may fail. The addon
// links its C++ library statically, so these include the calls of `operator new` and those for the
// memory of exceptions. Allocations of the simulated CUDA runtime are exempt, because it is test
// equipment; it calls allocations_exempt when its code begins and ends.
//
// The same file is a Node addon that controls this:
//   arm(n, persistent)  counts from now on; the n-th allocation fails and, if `persistent`, all
//                       later ones. After arm(0), none fails
//   failed()            the number of allocations that have failed since arm()
//   live()              the number of blocks that the addon has allocated and not freed
//
// With FAILING_MALLOC="n" in the environment, the n-th allocation of the process fails; with "n+",
// all later ones fail too.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

// The address range of the addon's code. 0 if it is not loaded yet.
static atomic_uintptr_t code_begin, code_end;
static atomic_long count, failing;  // failing: the number of the allocation that fails; 0: none
static atomic_bool persistent;
static atomic_long failures;
static _Thread_local int exempt;

void allocations_exempt(int change) { exempt += change; }

static int find_addon(struct dl_phdr_info* info, size_t size, void* data) {
  (void)size, (void)data;
  const char* name = strrchr(info->dlpi_name, '/');
  if (name == NULL || strcmp(name, "/rsqrt.node") != 0) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)* segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0) continue;
    atomic_store(&code_end, info->dlpi_addr + segment->p_vaddr + segment->p_memsz);
    atomic_store(&code_begin, info->dlpi_addr + segment->p_vaddr);
  }
  return 1;
}

// Whether the address is in the code of the addon.
static bool is_addon(const void* address) {
  const uintptr_t at = (uintptr_t)address;
  const uintptr_t begin = atomic_load_explicit(&code_begin, memory_order_relaxed);
  if (begin != 0) return at >= begin && at < atomic_load_explicit(&code_end, memory_order_relaxed);
  // Until the address range of the addon is known, the loader is asked once for the file of each
  // address.
  struct dl_find_object object;
  if (_dl_find_object((void*)address, &object) != 0) return false;
  const char* name = strrchr(object.dlfo_link_map->l_name, '/');
  if (name == NULL || strcmp(name, "/rsqrt.node") != 0) return false;
  dl_iterate_phdr(find_addon, NULL);
  return true;
}

static bool fails(const void* caller) {
  const long nth = atomic_load_explicit(&failing, memory_order_relaxed);
  if (nth == 0 || exempt > 0 || !is_addon(caller)) return false;
  const long number = atomic_fetch_add(&count, 1) + 1;
  if (number != nth && !(persistent && number > nth)) return false;
  atomic_fetch_add(&failures, 1);
  return true;
}

// The blocks of the addon, in a hash table with open addressing. A slot that was used never becomes
// NULL again: it holds a block or `removed`, and a removed one can be used again.
enum { SLOTS = 1 << 16 };
static _Atomic(void*) blocks[SLOTS];
static void* const removed = (void*)1;
static atomic_long live_blocks;
static atomic_bool tracking;

static size_t slot_of(const void* block) { return ((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 48; }

static void* noted(void* block, const void* caller) {
  if (block == NULL || exempt > 0 || !tracking || !is_addon(caller)) return block;
  for (size_t i = slot_of(block), n = 0; n < SLOTS; i = (i + 1) % SLOTS, ++n) {
    void* found = atomic_load(&blocks[i]);
    while (found == NULL || found == removed) {
      if (!atomic_compare_exchange_weak(&blocks[i], &found, block)) continue;
      atomic_fetch_add(&live_blocks, 1);
      return block;
    }
  }
  abort();  // the table is full
}

static void forget(void* block) {
  if (block == NULL || !tracking) return;
  for (size_t i = slot_of(block), n = 0; n < SLOTS; i = (i + 1) % SLOTS, ++n) {
    void* found = atomic_load_explicit(&blocks[i], memory_order_relaxed);
    if (found == NULL) return;
    if (found != block) continue;
    atomic_store(&blocks[i], removed);
    atomic_fetch_sub(&live_blocks, 1);
    return;
  }
}

#define CALLER __builtin_return_address(0)

void* malloc(size_t size) {
  if (fails(CALLER)) return errno = ENOMEM, NULL;
  return noted(__libc_malloc(size), CALLER);
}

void* calloc(size_t number, size_t size) {
  if (fails(CALLER)) return errno = ENOMEM, NULL;
  return noted(__libc_calloc(number, size), CALLER);
}

void* realloc(void* block, size_t size) {
  if (fails(CALLER)) return errno = ENOMEM, NULL;
  forget(block);
  return noted(__libc_realloc(block, size), CALLER);
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (fails(CALLER)) return errno = ENOMEM, NULL;
  return noted(__libc_memalign(alignment, size), CALLER);
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  if (fails(CALLER)) return ENOMEM;
  *block = noted(__libc_memalign(alignment, size), CALLER);
  return *block == NULL ? ENOMEM : 0;
}

void free(void* block) {
  forget(block);
  __libc_free(block);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  static int (*original)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  if (fails(CALLER)) return EAGAIN;
  if (original == NULL) *(void**)&original = dlsym(RTLD_NEXT, "pthread_create");
  return original(thread, attributes, start, argument);
}

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("FAILING_MALLOC");
  if (text == NULL) return;
  atomic_store(&persistent, strchr(text, '+') != NULL);
  atomic_store(&failing, atol(text));
}

static napi_value arm(napi_env env, napi_callback_info info) {
  size_t arguments = 2;
  napi_value values[2];
  int64_t nth = 0;
  bool all = false;
  napi_get_cb_info(env, info, &arguments, values, NULL, NULL);
  napi_get_value_int64(env, values[0], &nth);
  napi_get_value_bool(env, values[1], &all);
  atomic_store(&failing, 0);
  atomic_store(&persistent, all);
  atomic_store(&count, 0);
  atomic_store(&failures, 0);
  atomic_store(&tracking, true);
  atomic_store(&failing, nth);
  return NULL;
}

static napi_value number(napi_env env, long value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

static napi_value failed(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, atomic_load(&failures));
}

static napi_value live(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, atomic_load(&live_blocks));
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"arm", NULL, arm, NULL, NULL, NULL, napi_default, NULL},
      {"failed", NULL, failed, NULL, NULL, NULL, napi_default, NULL},
      {"live", NULL, live, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, 3, properties);
  return exports;
}
