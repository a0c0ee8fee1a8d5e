// truth: unsafe: a logger with variable arguments that ends in vfprintf
#include "corpus.h"
NOINLINE __attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}
static void handler(int s) { say("signal %d\n", s); }
MAIN(handler)
