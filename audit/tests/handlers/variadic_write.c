// expect: open
// A small printf of its own, which is not shown to stay inside its buffer: what the handler saved is not known to be lost.
#include "corpus.h"
static NOINLINE void say(const char *format, ...)
{
    char line[128];
    size_t n = 0;
    va_list arguments;
    va_start(arguments, format);
    for (; *format && n < sizeof line; format++) {
        if (*format != '%') {
            line[n++] = *format;
            continue;
        }
        format++;
        if (*format != 'd')
            break;
        char digits[10];
        int k = 0;
        unsigned value = va_arg(arguments, int);
        do {
            digits[k++] = '0' + value % 10;
            value /= 10;
        } while (value && k < 10);
        while (k > 0 && n < sizeof line)
            line[n++] = digits[--k];
    }
    va_end(arguments);
    write(2, line, n);
}
static void handler(int sig) { int saved = errno; say("signal %d of %d\n", sig, getpid()); errno = saved; }
MAIN(handler)
