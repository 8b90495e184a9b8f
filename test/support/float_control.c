// A test-only addon that reads and writes the floating-point control register of the calling
// thread: MXCSR on x86-64, FPCR on arm64. exchange(value) sets the register and returns its previous
// value; without an argument it only reads.

#include <node_api.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
static uint32_t read_control(void) { return _mm_getcsr() & ~0x3fu; }  // without the flags of past exceptions
static void write_control(uint32_t value) { _mm_setcsr(value); }
#else
static uint32_t read_control(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return (uint32_t)value;
}
static void write_control(uint32_t value) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)value)); }
#endif

static napi_value exchange(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  uint32_t value;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_create_uint32(env, read_control(), &result);
  if (count == 1 && napi_get_value_uint32(env, argument, &value) == napi_ok) write_control(value);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "exchange", NAPI_AUTO_LENGTH, exchange, NULL, &function);
  napi_set_named_property(env, exports, "exchange", function);
  return exports;
}
