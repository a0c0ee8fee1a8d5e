// truth: unsafe: the kernel is told that the address has 4096 bytes, and stores it over what follows
#include "corpus.h"
#include <sys/socket.h>
NOINLINE static void use(const void *p) { __asm__ volatile("" :: "r"(p) : "memory"); }
static void handler(int s) { int keep = errno; struct { short family; char rest[14]; } from; socklen_t n = 4096; (void)s; getpeername(3, (struct sockaddr *)&from, &n); use(&from); errno = keep; }
MAIN(handler)
