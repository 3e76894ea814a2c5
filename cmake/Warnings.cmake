# sled_strict_warnings(target): our own code is compiled with these and any warning is an error. llama.cpp's sources
# keep their own flags.
function(sled_strict_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wformat=2 -Werror)
endfunction()
