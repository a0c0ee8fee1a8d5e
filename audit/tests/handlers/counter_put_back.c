// expect: fail
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
volatile sig_atomic_t seen;
static void on(int s) { (void)s; __asm__ volatile("mov $8,%%ecx\n1: movl $1,%0\ncmp $3,%%ecx\njne 2f\nmov $8,%%ecx\n2: dec %%ecx\njne 1b" : "=m"(seen) : : "rcx", "cc"); }
int main(int argc, char **argv) { struct sigaction a; (void)argv; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
