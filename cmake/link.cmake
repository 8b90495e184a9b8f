# Links the addon so that it can be loaded anywhere. Only the entry points are visible, so that our
# copy of the C++ library does not clash with that of another addon. That library is linked
# statically. Its unused parts are dropped, and with them the need for a newer C library. There are
# no symbols and no run-path.

set_target_properties(rsqrt PROPERTIES SKIP_BUILD_RPATH ON)
if(WIN32)
  # The entry points carry __declspec(dllexport).
  if(MSVC)
    # The program that loads the addon may have another name than node.exe.
    target_sources(rsqrt PRIVATE native/napi/delay_load_windows.cpp)
    target_link_libraries(rsqrt PRIVATE delayimp)
    target_link_options(rsqrt PRIVATE /DELAYLOAD:node.exe /OPT:REF /OPT:ICF)
  else()
    target_link_options(rsqrt PRIVATE -static -Wl,--gc-sections -s)
  endif()
elseif(APPLE)
  target_link_options(rsqrt PRIVATE -undefined dynamic_lookup -Wl,-dead_strip)
  # Not every linker for macOS supports these options. Without the list, the visibility of each
  # symbol must suffice.
  include(CheckLinkerFlag)
  set(exports ${CMAKE_SOURCE_DIR}/native/napi/exports.darwin)
  check_linker_flag(CXX -Wl,-exported_symbols_list,${exports} HAVE_EXPORTED_SYMBOLS_LIST)
  if(HAVE_EXPORTED_SYMBOLS_LIST)
    target_link_options(rsqrt PRIVATE -Wl,-exported_symbols_list,${exports})
    set_target_properties(rsqrt PROPERTIES LINK_DEPENDS ${exports})
  endif()
  check_linker_flag(CXX -Wl,-x HAVE_DISCARD_LOCAL_SYMBOLS)
  target_link_options(rsqrt PRIVATE $<$<CONFIG:Release>:$<IF:$<BOOL:${HAVE_DISCARD_LOCAL_SYMBOLS}>,-Wl$<COMMA>-x,-s>>)
else()
  target_link_options(rsqrt PRIVATE -static-libstdc++ -Wl,--gc-sections $<$<CONFIG:Release>:-s>
    -Wl,-z,nodelete # else a thread that ends after its environment runs destructors of a C++ library that is gone
    -Wl,-z,now # a function that this Node lacks is an error at load, not the end of the process at the first call
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/native/napi/exports.map)
  set_target_properties(rsqrt PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/native/napi/exports.map)
endif()
