// expect: fail
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void (*callbacks[4])(int);
static volatile int count;
__attribute__((noinline)) static void add(void (*f)(int)) { if (count < 4) callbacks[count++] = f; }
static void one(int s) { count = s; }
static void handler(int s) { printf("%d\n", s); }
int main(void) { add(one); add(one); struct sigaction a = {.sa_handler = handler}; sigaction(SIGUSR2, &a, 0); for (;;) pause(); }
