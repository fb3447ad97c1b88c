// SPDX-License-Identifier: MIT
// Other files are written as a .bitnet file into memory, which then is read as one.
#include "loaded_model.hpp"

#include "checkpoint.hpp"
#include "console.hpp"
#include "error.hpp"
#include "input_file.hpp"
#include "kind_of_layer.hpp"
#include "model_writer_of.hpp"
#include "progress.hpp"
#include "source_floats.hpp"
#include "system_text.hpp"
#include "text.hpp"
#include "with_activations.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <streambuf>

namespace bitnet::example {
namespace {

// A stream into memory that is there; it fails where that ends.
class MemoryBuffer : public std::streambuf {
public:
    explicit MemoryBuffer(std::span<std::byte> memory) : memory_(memory) {}
    std::size_t size() const noexcept { return size_; } // up to the last byte written

protected:
    std::streamsize xsputn(const char* from, std::streamsize wanted) override {
        const std::size_t count = std::min(static_cast<std::size_t>(wanted), memory_.size() - at_);
        if (count != 0) std::memcpy(memory_.data() + at_, from, count);
        at_ += count;
        size_ = std::max(size_, at_);
        return static_cast<std::streamsize>(count);
    }
    int_type overflow(int_type c) override {
        const char byte = traits_type::to_char_type(c);
        return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
    }
    pos_type seekpos(pos_type to, std::ios_base::openmode) override {
        const auto offset = static_cast<std::size_t>(static_cast<off_type>(to));
        if (offset > size_) return pos_type(off_type(-1));
        at_ = offset;
        return to;
    }

private:
    std::span<std::byte> memory_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
};

// No tensor of a .bitnet file is larger than this. Memory that is not written to costs nothing.
std::uint64_t bytes_at_most(const SourceTensor& tensor, const ConvertOptions& options) {
    const std::uint64_t rows = tensor.rows, cols = tensor.cols;
    const std::uint64_t padded = // rows to 16, columns to 256, as the widest layout does
        ((rows + 15) / 16 * 16) * ((cols + 255) / 256 * 256);
    const bool floats =
        options.activations == float_activations || (has_floats(tensor.type) && !tensor.master);
    // Two bits, and a scale of 32 bits for 32 columns at most; else a float.
    return (floats ? padded * 4 : padded / 2) + 4096;
}
// The same of a tensor of such a file, whatever its layer is made into.
std::uint64_t bytes_at_most(const TensorInfo& tensor, const ConvertOptions& options) {
    const bool floats = options.activations == float_activations;
    return std::max(tensor.bytes, floats ? tensor.rows * tensor.cols * 4 : 0) + 4096;
}

template <class Tensors>
AlignedBytes memory_for(const Tensors& tensors, const ModelOptions& options) {
    std::uint64_t bytes = std::uint64_t{1} << 27; // of header, index and tokenizer
    for (const auto& tensor : tensors) bytes += bytes_at_most(tensor, options.convert);
    AlignedBytes memory;
    if (bytes <= static_cast<std::size_t>(-1))
        memory = AlignedBytes(static_cast<std::size_t>(bytes));
    if (!memory) {
        throw UserError(options.path + ": too large to convert it in memory: see bitnet convert");
    }
    return memory;
}

} // namespace

LoadedModel::LoadedModel(const ModelOptions& options) {
    if (is_checkpoint(options.path)) {
        const Checkpoint checkpoint = read_checkpoint(options.path);
        notes_ = checkpoint.notes;
        memory_ = memory_for(checkpoint.tensors, options);
        convert(model_writer_of(checkpoint, options.convert), options);
        return;
    }
    file_.emplace(options.path, options.loading, options.checks);
    if (options.convert.dense || !options.convert.head.empty()) {
        file_->refuse("of a .bitnet file only the --activations can be changed");
    }
    if (options.convert.activations.empty()) return;
    memory_ = memory_for(file_->tensors(), options);
    convert(with_activations(*file_, options.convert.activations), options);
}

void LoadedModel::convert(const ModelWriter& writer, const ModelOptions& options) {
    MemoryBuffer buffer({memory_.data(), memory_.size()});
    std::ostream out(&buffer);
    Progress progress("converting " + printable(options.path), stderr, is_terminal(stderr));
    writer.write(out, &progress);
    if (!out)
        throw UserError(options.path + ": the memory reserved for its conversion did not suffice");
    file_.emplace(options.path, std::span<const std::byte>(memory_.data(), buffer.size()),
                  options.checks, options.loading.threads);
}

std::string LoadedModel::description() const {
    if (!memory_) return file_->source().description();
    char text[64];
    std::snprintf(text, sizeof text, "%.1f MB converted in memory",
                  static_cast<double>(file_->file_bytes()) / 1e6);
    return text;
}

bool is_checkpoint(const std::string& path) {
    std::error_code none;
    if (std::filesystem::is_directory(as_path(path), none)) return true;
    const MappedFile file{InputFile(path)};
    constexpr std::string_view magic = "GGUF";
    return file.bytes().size() >= magic.size() &&
           std::memcmp(file.bytes().data(), magic.data(), magic.size()) == 0;
}

} // namespace bitnet::example
