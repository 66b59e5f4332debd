/** Where a file is dropped, or chosen with a button. */
import { Button, FileButton, Group, Paper, Text } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useState } from "react";

export interface FileDropProps {
  readonly file: File | undefined;
  readonly onChoose: (file: File) => void;
}

export function FileDrop({ file, onChoose }: FileDropProps) {
  const [isOver, setIsOver] = useState(false);
  return (
    <Paper
      component="section"
      aria-label="File"
      withBorder
      p="lg"
      bg={isOver ? "var(--mantine-color-default-hover)" : undefined}
      onDragOver={(event: React.DragEvent) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event: React.DragEvent) => {
        event.preventDefault();
        setIsOver(false);
        const [dropped] = event.dataTransfer.files;
        if (dropped !== undefined) onChoose(dropped);
      }}
    >
      <Group gap="md">
        <IconFileUpload size={32} aria-hidden />
        <div style={{ flex: "1 1 200px", minWidth: 0 }}>
          <Text fw={600} className="break" role="status">
            {file === undefined ? "Drop an LDIF or CSV file here" : file.name}
          </Text>
          <Text size="sm" c="dimmed">
            {file === undefined ? "or choose one. At most 256 MiB." : sizeText(file.size)}
          </Text>
        </div>
        <FileButton
          accept=".ldif,.ldf,.csv,.tsv,.txt,text/csv,text/plain"
          onChange={(chosen) => chosen && onChoose(chosen)}
        >
          {(props) => (
            <Button variant={file === undefined ? "filled" : "default"} {...props}>
              {file === undefined ? "Choose a file" : "Choose another"}
            </Button>
          )}
        </FileButton>
      </Group>
    </Paper>
  );
}

function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = bytes < 1_024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toLocaleString(undefined, { maximumFractionDigits: 1 })} ${units[power]}`;
}
