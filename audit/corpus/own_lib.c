/* The shared library that programs with a line "with: own_lib.c" are linked with. */
#include "corpus.h"
volatile sig_atomic_t own_flag;
void own_log(int s) { printf("%d\n", s); }
void own_note(int s) { own_flag = s; }
/* Registers its caller's function, the way of event libraries. */
void own_install(int s, void (*f)(int)) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = f; sigaction(s, &sa, 0); }
/* A handler of the library's own, registered for the caller. */
static void own_handler(int s) { own_log(s); }
void own_install_own(int s) { signal(s, own_handler); }
void own_bad(int s) { own_log(s); }
/* The name of a function of the C library, and not it. */
long send(int fd, const void *p, size_t n, int flags) { printf("%d %p %zu %d\n", fd, p, n, flags); return 0; }
