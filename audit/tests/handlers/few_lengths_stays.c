// expect: pass
// A loop that ends at one of two lengths fills an array of 16 bytes in front of a pointer that is then used.
#include <errno.h>
#include <signal.h>
#include <unistd.h>
static volatile sig_atomic_t flag;
static void handler(int s) {
    (void)s;
    int saved = errno;
    struct { char text[16]; const char *end; } line = {.end = "\n"};
    unsigned length = flag ? 5 : 12;
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
    for (unsigned i = 0; i < length; i++) ((volatile char *)line.text)[i] = 'x';
    (void)!write(1, line.text, 5);
    (void)!write(1, ((volatile __typeof__(line) *)&line)->end, 1);
    errno = saved;
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
