// expect: undecided
// A function that is given the address of the index lowers it below zero.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#define MOST 32
static volatile sig_atomic_t seen[MOST];
static volatile sig_atomic_t count;
static void handler(int s) { if (count < MOST) seen[count++] = s; }
static __attribute__((noinline)) void lower(volatile sig_atomic_t *of, int by) { *of = *of - by; }
int main(int argc, char **argv) {
    (void)argv;
    signal(SIGUSR1, handler);
    for (;;) { pause(); printf("%d\n", (int)count); lower(&count, argc); }
}
