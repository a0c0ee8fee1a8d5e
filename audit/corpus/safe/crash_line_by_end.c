// truth: safe: a SIGSEGV writer with a fixed buffer and hand-written itoa and hex, then the default action
#include "corpus.h"
static char *put_text(char *p, char *end, const char *s) { while (*s && p < end) *p++ = *s++; return p; }
static char *put_dec(char *p, char *end, unsigned long v) {
    char d[20]; int n = 0;
    do { d[n++] = (char)('0' + v % 10); v /= 10; } while (v && n < 20);
    while (n > 0 && p < end) *p++ = d[--n];
    return p;
}
static char *put_hex(char *p, char *end, unsigned long v) {
    static const char hex[] = "0123456789abcdef";
    p = put_text(p, end, "0x");
    for (int shift = 60; shift >= 0 && p < end; shift -= 4) *p++ = hex[(v >> shift) & 15];
    return p;
}
static void on_crash(int sig, siginfo_t *info, void *ctx) {
    char line[160], *p = line, *end = line + sizeof line - 1;
    (void)ctx;
    p = put_text(p, end, "crash: signal ");
    p = put_dec(p, end, (unsigned long)sig);
    p = put_text(p, end, " at ");
    p = put_hex(p, end, (unsigned long)info->si_addr);
    p = put_text(p, end, " pid ");
    p = put_dec(p, end, (unsigned long)getpid());
    *p++ = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)(p - line));
    signal(sig, SIG_DFL);
    raise(sig);
}
int main(int argc, char **argv) {
    struct sigaction sa; memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_crash; sa.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &sa, 0); sigaction(SIGBUS, &sa, 0); sigaction(SIGFPE, &sa, 0); sigaction(SIGILL, &sa, 0);
    printf("%d\n", argc);
    return *(volatile int *)(argc > 1 ? (void *)argv : (void *)0);
}
