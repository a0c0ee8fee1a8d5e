// expect: fail
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void (*callback)(int);
__attribute__((noinline)) void set_callback(void (*f)(int)) { callback = f; }
static void show(int s) { printf("%d\n", s); }
static void handler(int s) { if (callback) callback(s); }
int main(void) { signal(SIGUSR2, handler); set_callback(show); for (;;) pause(); }
