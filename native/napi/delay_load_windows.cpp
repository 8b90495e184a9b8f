// The addon imports Node-API from node.exe, as its import library says, but the program may have
// another name (Electron, a single executable). So the import is delayed, and this hook resolves it
// to the program itself.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

// After windows.h.
#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI load_program(unsigned event, PDelayLoadInfo info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

}  // namespace

extern "C" const PfnDliHook __pfnDliNotifyHook2 = load_program;
