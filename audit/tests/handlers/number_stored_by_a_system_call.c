// expect: undecided
// What getsockopt has stored through its fourth argument chooses an element, untested; it was 0 before.
#include "corpus.h"
static int fd = 0;
static const char *const names[4] = { "a", "b", "c", "d" };
static void handler(int s) {
    int keep = errno; long n = 0, r = 55; unsigned l = 4; (void)s;
    register long a4 __asm__("r10") = (long)&n; register long a5 __asm__("r8") = (long)&l;
    __asm__ volatile("syscall" : "+a"(r) : "D"((long)fd), "S"(1L), "d"(8L), "r"(a4), "r"(a5) : "rcx", "r11", "memory");
    write(2, names[n], 1); errno = keep;
}
MAIN(handler)
