// truth: safe: the program prepares a text in one of two buffers and stores a pointer to it; the handler writes what the pointer has
#include "corpus.h"
struct text { volatile int length; char bytes[60]; };
static struct text first = {5, "none\n"}, second;
static struct text *volatile current = &first;
static void handler(int sig)
{
    int saved = errno;
    struct text *now = current;
    int length = now->length;
    (void)sig;
    if (length > 0 && length <= 60)
        write(2, now->bytes, length);
    errno = saved;
}
int main(void)
{
    INSTALL(SIGUSR1, handler);
    for (;;) {
        struct text *next = current == &first ? &second : &first;
        ssize_t got = read(0, next->bytes, sizeof next->bytes);
        if (got <= 0)
            break;
        next->length = got;
        current = next;
    }
    return 0;
}
