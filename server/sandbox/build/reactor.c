/*
 * CPython as a WASI reactor: a library that the host calls, with no main function.
 *
 * The host calls alloc, init and boot once, copies the memory, and from then on restores that copy
 * before every call of run. A call that traps or exits needs no cleaning up, for the same reason.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define PAGE_BYTES 65536

/* --- Memory: malloc asks here for more. ------------------------------------------------------- */

/* End of what malloc has been given. It is part of the memory that the host restores, so pages that
   an earlier program made the memory grow by are used again. */
static uintptr_t heap_end;
/* Where malloc is refused more; Python then raises MemoryError. */
static uintptr_t heap_limit = UINT32_MAX;

void *sbrk(intptr_t increment)
{
    uintptr_t memory_end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
    if (heap_end == 0) {
        heap_end = memory_end;
    }
    if (increment < 0 || heap_end > heap_limit || (uintptr_t)increment > heap_limit - heap_end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    uintptr_t previous = heap_end;
    uintptr_t wanted = previous + (uintptr_t)increment;
    if (wanted > memory_end) {
        uintptr_t pages = (wanted - memory_end + PAGE_BYTES - 1) / PAGE_BYTES;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) {
            errno = ENOMEM;
            return (void *)-1;
        }
    }
    heap_end = wanted;
    return (void *)previous;
}

/* Memory for the host to write into; it belongs to whoever is told its address next. */
EXPORT("alloc") void *host_alloc(size_t bytes) { return malloc(bytes); }

/* --- The standard library: code objects in a blob that freeze_library.py packs. --------------- */

static uint32_t read_number(const unsigned char **cursor)
{
    uint32_t number;
    memcpy(&number, *cursor, sizeof number);
    *cursor += sizeof number;
    return number;
}

/* Makes the blob's modules importable. Its entries stay in use until the end of boot. */
static struct _frozen *open_library(const unsigned char *blob)
{
    uint32_t count = read_number(&blob);
    struct _frozen *modules = calloc(count + 1, sizeof *modules);
    if (modules == NULL) {
        return NULL;
    }
    for (uint32_t index = 0; index < count; index += 1) {
        uint32_t name_bytes = read_number(&blob);
        modules[index].is_package = (int)read_number(&blob);
        modules[index].size = (int)read_number(&blob);
        modules[index].name = (const char *)blob;
        modules[index].code = blob + name_bytes;
        blob += name_bytes + (uint32_t)modules[index].size;
    }
    return modules;
}

/* --- What the host calls. --------------------------------------------------------------------- */

static unsigned char *library_blob;
static size_t library_bytes;
static struct _frozen *library;
static PyObject *serve;

static void report_failure(PyStatus status)
{
    if (status.err_msg != NULL) {
        fprintf(stderr, "%s\n", status.err_msg);
    }
}

/* Starts Python with this hash seed and address mask, and the blob as its library; 0 on success. */
EXPORT("init")
int host_init(uint32_t hash_seed, uint32_t address_mask, unsigned char *blob, size_t bytes)
{
    _Py_address_mask = address_mask;
    library_blob = blob;
    library_bytes = bytes;
    library = open_library(blob);
    if (library == NULL) {
        return 1;
    }
    PyImport_FrozenModules = library;

    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        report_failure(status);
        return 2;
    }
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.use_hash_seed = 1;
    config.hash_seed = hash_seed;
    config.site_import = 0;
    config.write_bytecode = 0;
    config.install_signal_handlers = 0;
    config.code_debug_ranges = 0;
    config.pathconfig_warnings = 0;
    config.module_search_paths_set = 1;
    PyConfig_SetString(&config, &config.program_name, L"python");
    PyConfig_SetString(&config, &config.home, L"/");
    status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        report_failure(status);
        return 3;
    }
    return 0;
}

/* Runs the source of the harness, which must define serve(request), then closes the library. */
EXPORT("boot") int host_boot(const char *source)
{
    static const struct _frozen nothing[1];
    if (PyRun_SimpleString(source) != 0) {
        return 1;
    }
    PyObject *main_module = PyImport_AddModule("__main__");
    serve = main_module == NULL ? NULL : PyObject_GetAttrString(main_module, "serve");
    if (serve == NULL) {
        return 2;
    }
    PyDict_DelItemString(PyModule_GetDict(main_module), "serve");
    PyImport_FrozenModules = nothing;
    free(library);
    /* Zeros are cheaper to restore, and a program finds nothing in them. */
    memset(library_blob, 0, library_bytes);
    free(library_blob);
    return 0;
}

/* Answers one request within `memory_bytes` more than is in use now; 0 when nothing was raised. */
EXPORT("run") int host_run(char *request, size_t length, size_t memory_bytes)
{
    uintptr_t used = heap_end == 0 ? (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES : heap_end;
    heap_limit = memory_bytes > UINT32_MAX - used ? UINT32_MAX : used + memory_bytes;
    PyObject *body = PyBytes_FromStringAndSize(request, (Py_ssize_t)length);
    free(request);
    if (body == NULL) {
        return 1;
    }
    PyObject *result = PyObject_CallOneArg(serve, body);
    Py_DECREF(body);
    if (result == NULL) {
        return 1;
    }
    Py_DECREF(result);
    return 0;
}
