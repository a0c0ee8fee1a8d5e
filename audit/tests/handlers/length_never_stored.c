// expect: fail
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
char to[16], from[16];
volatile unsigned length = 100000;
static void on(int s) { (void)s; unsigned long n = length; void *a = to, *b = from; __asm__ volatile("rep movsb" : "+c"(n), "+D"(a), "+S"(b) : : "memory"); }
int main(int argc, char **argv) { struct sigaction a; (void)argv; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
