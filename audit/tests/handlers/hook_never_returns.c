// expect: open
/* A hook is called and nothing follows: what lies behind that call is another function. */
#include <signal.h>
#include <unistd.h>
static void leave(int code) { _exit(code); }
void (*hook)(int) = leave;
volatile sig_atomic_t failed;
__attribute__((noreturn, noinline)) static void die(int code) { hook(code); __builtin_unreachable(); }
static void handler(int s) { (void)s; if (failed) die(3); }
int main(void) {
    struct sigaction sa = { .sa_handler = handler };
    sigaction(SIGUSR1, &sa, 0);
    for (;;) pause();
}
