// expect: undecided
// The handler sends to an address whose host and port the program stores one after the other.
#include "corpus.h"
#include <netinet/in.h>
#include <sys/socket.h>
static struct sockaddr_in to = { .sin_family = AF_INET };
static void handler(int s) { (void)s; int e = errno; sendto(3, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to); errno = e; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { pause(); to.sin_addr.s_addr = c * 77; __asm__ volatile("":::"memory"); to.sin_port = c++; __asm__ volatile("":::"memory"); } }
