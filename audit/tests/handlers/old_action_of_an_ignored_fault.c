// expect: fail
// The action that was there before is SIG_IGN: the raised signal changes nothing, and errno is lost.
#include <signal.h>
#include <string.h>
#include <unistd.h>
static struct sigaction before;
static void on_fault(int s) {
    static const char text[] = "the program has a fault\n";
    (void)!write(2, text, sizeof text - 1);
    sigaction(s, &before, 0);
    raise(s);
}
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    signal(SIGFPE, SIG_IGN);
    sa.sa_handler = on_fault;
    sigaction(SIGFPE, &sa, &before);
    for (;;) pause();
}
