// truth: safe: stores a flag; the installing function aligns its stack to 128 bytes
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void on_signal(int number) { came = number; }

static __attribute__((noinline)) int install(int number, const struct sigaction *action) {
    struct sigaction old;
    return sigaction(number, action, &old);
}

int main(void) {
    _Alignas(128) char text[256];
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    if (install(SIGUSR1, &action) != 0 || read(0, text, sizeof text) < 0)
        return 1;
    while (!came)
        pause();
    return write(1, text, sizeof text) < 0;
}
